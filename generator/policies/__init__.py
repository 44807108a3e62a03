"""IAM policy documents, one pure function each, named for what it permits. The only room that imports awacs."""
