"""`[targets.NAME]`: where events go, one class for each `type`. Secrets are in files that only the service's
user can read; the settings name them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from privyseal.settings.values import Port

TargetName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
# A whole path, from the root: services start in any folder.
Path = Annotated[str, Meta(pattern=r"\A/[^\x00]{1,4094}\Z")]
OptionalPath = Annotated[str, Meta(pattern=r"\A(/[^\x00]{1,4094})?\Z")]
Seconds = Annotated[float, Meta(gt=0, le=900)]  # 900 is AWS Lambda's longest
Program = Annotated[tuple[str, ...], Meta(min_length=1, max_length=100)]
Url = Annotated[str, Meta(pattern=r"\Ahttps?://[!-~]{1,2000}\Z")]


class FileTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="file"
):
    """JSON lines in a file."""

    path: Path


class CommandTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="command"
):
    """A program that gets the event on its standard input."""

    command: Program  # the whole path of the program, then its arguments; no shell reads them
    timeout_seconds: Seconds = 30.0


class WebhookTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="webhook"
):
    """An HTTP server that gets the event as a signed POST."""

    url: Url
    secret_file: Path  # lines of whsec_BASE64; each signs
    form: Literal["event", "slack"] = "event"  # the event's JSON, or a message for Slack
    allow_private: bool = False  # addresses of this machine and of private networks as well
    ca_file: OptionalPath = ""  # PEM roots instead of the system's
    timeout_seconds: Seconds = 10.0


class SmtpTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="smtp"
):
    """E-mail to whoever has confirmed a subscription."""

    host: str
    sender: Annotated[str, Meta(pattern=r"\A[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,253}\Z")]
    port: Port = 587
    security: Literal["starttls", "tls", "insecure"] = "starttls"
    username: str = ""
    password_file: OptionalPath = ""
    ca_file: OptionalPath = ""  # PEM roots instead of the system's
    link_url: Annotated[str, Meta(pattern=r"\A(https?://[!-~]{1,500})?\Z")] = ""  # before the paths of links
    timeout_seconds: Seconds = 20.0


class NatsTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="nats"
):
    """A subject on a NATS server."""

    url: Annotated[str, Meta(pattern=r"\A(nats|tls)://[A-Za-z0-9.:\[\]-]{1,300}\Z")]
    subject: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z", max_length=255)]
    jetstream: bool = False  # a stream has to acknowledge
    username: str = ""
    password_file: OptionalPath = ""
    credentials_file: OptionalPath = ""  # a user's .creds file, where the server wants one
    ca_file: OptionalPath = ""  # PEM roots instead of the system's, with tls://
    timeout_seconds: Seconds = 10.0


class SnsTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="sns"
):
    """A topic of Amazon SNS, standard or FIFO."""

    topic_arn: Annotated[str, Meta(pattern=r"\Aarn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\w.-]{1,256}\Z")]
    region: str = ""
    endpoint_url: str = ""
    profile: str = ""


class SqsTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="sqs"
):
    """A queue of Amazon SQS, standard or FIFO."""

    queue_url: Url
    region: str = ""
    endpoint_url: str = ""
    profile: str = ""


class EventBridgeTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="eventbridge"
):
    """An event bus of Amazon EventBridge."""

    bus: str = "default"  # its name or ARN
    region: str = ""
    endpoint_url: str = ""
    profile: str = ""


class PythonHandlerTargetSettings(
    Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="type", tag="python-handler"
):
    """A function as AWS Lambda calls it, in a process of its own."""

    file: Path
    function: Annotated[str, Meta(pattern=r"\A[A-Za-z_]\w{0,127}\Z")] = "lambda_handler"
    timeout_seconds: Seconds = 30.0
    memory_mb: Annotated[int, Meta(ge=128, le=10240)] = 256  # of address space; AWS Lambda's bounds
    credentials_file: OptionalPath = ""  # of AWS credentials; by default the administrator's access key
    profile: str = ""  # in that file
    environment: dict[str, str] = {}  # more variables, none of them a secret


TargetSettings = (
    CommandTargetSettings
    | EventBridgeTargetSettings
    | FileTargetSettings
    | NatsTargetSettings
    | PythonHandlerTargetSettings
    | SmtpTargetSettings
    | SnsTargetSettings
    | SqsTargetSettings
    | WebhookTargetSettings
)
