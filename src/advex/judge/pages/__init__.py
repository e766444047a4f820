"""What pages say of scorecards and claims: counts by kind, the log of criteria, seeds that are enough."""
