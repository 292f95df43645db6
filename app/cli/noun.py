"""A noun of the command line, with its verbs."""

import click

SENTENCE_MAX = 200


class Noun(click.Group):
    """Says of each verb what it does in a whole sentence, on as many lines as that takes."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs."""
        verbs = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.get_short_help_str(SENTENCE_MAX)) for name, verb in verbs if verb])
