"""This computer: files, ports, ssh, clipboard, browser, and AWS's own plugin when it is installed."""
