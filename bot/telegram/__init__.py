"""The face towards Telegram: what comes in, what goes out, and nothing decided in between."""
