"""Handlers: decode what came in, call one verb, answer. They decide nothing."""
