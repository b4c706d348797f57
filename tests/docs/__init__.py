"""The documentation, run: every block that shows something is executed and compared."""
