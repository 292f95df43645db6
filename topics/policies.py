"""Policy documents, as `refundry policy publish` writes them. What they may say is checked where they are loaded."""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import ConfigDict

from topics.envelope import MINOR_MAX, Body, Id


class PolicyDocument(Body):
    """A version of a policy: named here, complete in the keys beside these."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)

    policy: Id
    version: Annotated[int, Ge(1), Le(MINOR_MAX)]
