"""How it is told: charts, findings, sentences and the typeset report."""
