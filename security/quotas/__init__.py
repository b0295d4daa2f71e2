"""How much one person, one token and one tenant may ask for: per minute, and per day.

Requests per minute are counted in the memory of each server process (`rates`): a limit on load.
Questions and generated tokens per day are rows (`budgets`): a limit on cost, which outlasts
restarts and holds over all processes.
"""
