"""Parts of the hook that find out what a process was started for."""
