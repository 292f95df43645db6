"""The console: where people see what waits for them, why it was decided so, and say what is to be done."""
