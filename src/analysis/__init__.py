"""Trade receivables: when customers pay, who may not, what it costs and what to do."""

__version__ = "0.1.0"
