"""Running a compiled query on an engine: connection, cancel, time limit, reading values back."""
