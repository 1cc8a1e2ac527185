"""Composing: what an officer is about to send, from the first line pasted to the minute in which it can be taken back."""
