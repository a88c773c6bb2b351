"""What people run: the command line, the Python front door, reports. The only place that wires."""
