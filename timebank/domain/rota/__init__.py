"""The rota: who does which job on which date, from the first tap to the tick on the day."""
