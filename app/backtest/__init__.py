"""What would be decided: policies and requests tried on events, with the agents of a worker and no broker."""
