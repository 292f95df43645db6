"""Policies as their authors write them, and on their topic: checked, and made into what the rules read."""

from pathlib import Path

from app.policies.cel import compile_condition
from app.policies.conditions import Compiler, ConditionRefusedError
from app.policies.document import Publication, key_of, published, read_record
from app.policies.load import Written, load, read_directory, read_file
from app.policies.problems import PoliciesRefusedError, Problem
from app.policies.publish import Plan, plan

EXAMPLES = Path(__file__).parent / "examples"
"""A directory of policies that can be loaded as it is: what the demo decides by."""

__all__ = [
    "EXAMPLES",
    "Compiler",
    "ConditionRefusedError",
    "Plan",
    "PoliciesRefusedError",
    "Problem",
    "Publication",
    "Written",
    "compile_condition",
    "key_of",
    "load",
    "plan",
    "published",
    "read_directory",
    "read_file",
    "read_record",
]
