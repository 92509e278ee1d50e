"""From hits to incidents: identity, grouping, and the life of an incident."""
