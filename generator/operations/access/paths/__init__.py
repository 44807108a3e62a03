"""Reading the account for every path by which somebody may get in: one file for each thing that carries paths."""
