"""`onebasket check`: would this installation be fit for production?"""

import typer
from django.conf import settings
from django.core.checks import WARNING, CheckMessage, run_checks
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError

from onebasket.project.settings.environment import production_weaknesses


def run() -> None:
    """Say what to set before this installation serves customers; fails while anything is open."""
    findings = [*_environment(), *_django(), *_database()]
    for finding in findings:
        typer.echo(f"- {finding}")
    if findings:
        typer.echo(f"{len(findings)} to mend before production. Every setting stands in docs/configuration.md.")
        raise typer.Exit(1)
    typer.echo("Fit for production.")


def _environment() -> list[str]:
    findings = list(production_weaknesses(settings.ENVIRONMENT))
    if not settings.ENVIRONMENT.is_production:
        findings.append(f"ONEBASKET_ENV is {settings.ENVIRONMENT.mode}: set it to production or unset it.")
    return findings


def _django() -> list[str]:
    # Outside production the deployment checks would only repeat that it is not production.
    messages = run_checks(include_deployment_checks=settings.ENVIRONMENT.is_production)
    return [_sentence(message) for message in messages if message.level >= WARNING and not message.is_silenced()]


def _sentence(message: CheckMessage) -> str:
    hint = f" {message.hint}" if message.hint else ""
    return f"{message.msg}{hint} ({message.id})"


def _database() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return [f"The database cannot be reached: {str(error).strip()}. Check DATABASE_URL."]
    finally:
        connection.close()
    if not missing:
        return []
    return [f"The database {DEFAULT_DB_ALIAS} lacks {len(missing)} migrations: run `onebasket migrate`."]
