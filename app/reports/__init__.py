"""What comes of it, summed up: money, refunds, disputes, fees and exchange rates, out of what was published."""
