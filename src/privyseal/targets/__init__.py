"""Where events go. Every file that the table names is an alternative behind `events.ports.Target`; `type`
of a section `[targets.NAME]` picks the row. To add one: one file, one row and its section in
`settings/targets.py`, whose fields are the arguments; `tests/targets/` runs its contract over the table.
"""

TARGETS = {
    "command": "privyseal.targets.command:CommandTarget",
    "eventbridge": "privyseal.targets.eventbridge:EventBridgeTarget",
    "file": "privyseal.targets.file:FileTarget",
    "nats": "privyseal.targets.nats:NatsTarget",
    "python-handler": "privyseal.targets.python_handler:PythonHandlerTarget",
    "smtp": "privyseal.targets.smtp:SmtpTarget",
    "sns": "privyseal.targets.sns:SnsTarget",
    "sqs": "privyseal.targets.sqs:SqsTarget",
    "webhook": "privyseal.targets.webhook:WebhookTarget",
}
