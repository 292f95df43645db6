"""The state of a demo at one moment, for a screen to show."""

from dataclasses import dataclass, field

from app.demo.tally import Tally


@dataclass
class Scene:
    """Changes while the demo runs. Seconds are since the start; `rate` is messages per second, the answers counted.

    `payment_id`: that of the last refund that was instructed.
    """

    events: int
    seed: int
    where: str
    port: int
    strikes: int = 0
    tally: Tally = field(default_factory=Tally)
    sent: int = 0
    answered: int = 0
    waiting: int = 0
    rate: float = 0.0
    seconds: float = 0.0
    shop_time: str = ""
    worker: str = "starting"
    kills: int = 0
    first_decision_s: float | None = None
    payment_id: str = ""

    @property
    def metrics_url(self) -> str:
        """Where the worker's metrics can be looked at while it runs."""
        return f"http://127.0.0.1:{self.port}/metrics"
