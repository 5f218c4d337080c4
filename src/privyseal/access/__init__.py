"""Who may call: access keys, the principals behind them, and how keys are found again."""
