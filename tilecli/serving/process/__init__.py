"""The server as a process: started, watched over, stopped; what it logs."""
