"""The same detection over files: read in big blocks, searched whole, looked at closely only where need be."""
