"""Plans: what an operator writes in `config/reminders`, read and checked."""
