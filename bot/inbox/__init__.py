"""What came in: updates seen, updates parked, and who is expected to type what."""
