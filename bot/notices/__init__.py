"""Notices and their life: publish, answer, trouble, chase; what counts and who has not answered."""
