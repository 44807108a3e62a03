"""Sessions: shells, tunnels, SSH, copies and commands on instances, and the list of who is in."""
