"""The outbox: chats, what is owed to each, at what pace, and what became of it."""
