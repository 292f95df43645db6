"""The console, put together: what it is given, and the process around it."""
