"""The commands about who may do what: users, API keys, the audit log."""

import json
from typing import Annotated

import typer

from data.moments import parse_moment
from pipelines.options import Json, Workspace, output, progress, settings_of

users = typer.Typer(no_args_is_help=True, help="Users of the pages: make, list, change, disable.")

Email = Annotated[str, typer.Argument(help="The user's e-mail.")]
Name = Annotated[str | None, typer.Option(help="What to call them.")]
Owner = Annotated[str | None, typer.Option(help="The owner_id whose deals are theirs.")]
Team = Annotated[str | None, typer.Option(help="Their team.")]
Region = Annotated[str | None, typer.Option(help="Their region.")]
Language = Annotated[str | None, typer.Option(help="Of the pages: zh or en.")]
Timezone = Annotated[str | None, typer.Option(help="Of the pages: an IANA name.")]
Currency = Annotated[str | None, typer.Option(help="Of the pages: an ISO 4217 code.")]
Subject = Annotated[str | None, typer.Option(help="The issuer, a space, and their id there.")]


@users.command("create")
def users_create(
    email: Email,
    role: Annotated[str, typer.Option(help="seller, manager, operations or admin.")],
    name: Name = None,
    owner: Owner = None,
    team: Team = None,
    region: Region = None,
    language: Language = None,
    timezone: Timezone = None,
    currency: Currency = None,
    subject: Subject = None,
    single_sign_on: Annotated[
        bool, typer.Option("--single-sign-on", help="Without a password of ours.")
    ] = False,
    workspace: Workspace = None,
) -> None:
    """Make a user; the password is asked for, or read from what is piped in."""
    from pipelines.users import create

    given = {"email": email, "name": name, "role": role, "owner_id": owner, "team": team}
    told = {"region": region, "language": language, "timezone": timezone, "currency": currency}
    create(settings_of(workspace), given | told | {"subject": subject}, single_sign_on)
    progress.print(f"{email} may sign in.", highlight=False)


@users.command("list")
def users_list(workspace: Workspace = None) -> None:
    """List the users as JSON, without their passwords."""
    from pipelines.users import listing

    typer.echo(json.dumps(listing(settings_of(workspace)), ensure_ascii=False, indent=2))


@users.command("change")
def users_change(
    email: Email,
    role: Annotated[str | None, typer.Option(help="seller, manager, operations, admin.")] = None,
    name: Name = None,
    owner: Owner = None,
    team: Team = None,
    region: Region = None,
    language: Language = None,
    timezone: Timezone = None,
    currency: Currency = None,
    subject: Subject = None,
    workspace: Workspace = None,
) -> None:
    """Change what is given of a user; an empty text takes a value away."""
    from pipelines.users import change

    given = {"name": name, "role": role, "owner_id": owner, "team": team, "region": region}
    told = {"language": language, "timezone": timezone, "currency": currency}
    change(settings_of(workspace), email, given | told | {"subject": subject})
    progress.print(f"{email} is changed.", highlight=False)


@users.command("set-password")
def users_set_password(email: Email, workspace: Workspace = None) -> None:
    """Give a user another password and end their sessions."""
    from pipelines.users import set_password

    set_password(settings_of(workspace), email)
    progress.print(f"{email} has another password.", highlight=False)


@users.command("disable")
def users_disable(email: Email, workspace: Workspace = None) -> None:
    """Shut a user out at once; enable lets them in again."""
    from pipelines.users import disable

    disable(settings_of(workspace), email, True)
    progress.print(f"{email} is disabled.", highlight=False)


@users.command("enable")
def users_enable(email: Email, workspace: Workspace = None) -> None:
    """Let a disabled user in again."""
    from pipelines.users import disable

    disable(settings_of(workspace), email, False)
    progress.print(f"{email} is enabled.", highlight=False)


keys = typer.Typer(no_args_is_help=True, help="API keys: make, list, revoke.")


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Who will use it, for what.")],
    scope: Annotated[list[str], typer.Option(help="score, write, read or admin; repeat it.")],
    expires_days: Annotated[int | None, typer.Option(help="Days until it ends.")] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only deals of this owner_id are seen with it.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="Only deals of this team.")] = None,
    workspace: Workspace = None,
) -> None:
    """Make an API key and print it, for the only time."""
    from pipelines.keys import create

    typer.echo(create(settings_of(workspace), name, scope, expires_days, owner, team))
    progress.print("Keep it now: only its hash is stored.")


@keys.command("list")
def keys_list(workspace: Workspace = None) -> None:
    """List the keys as JSON, without their secrets."""
    from pipelines.keys import listing

    typer.echo(json.dumps(listing(settings_of(workspace)), ensure_ascii=False, indent=2))


@keys.command("revoke")
def keys_revoke(key_id: str, workspace: Workspace = None) -> None:
    """End a key at once, by the id that stands after dc_ in it."""
    from pipelines.keys import revoke

    revoke(settings_of(workspace), key_id)
    progress.print(f"{key_id} is revoked.", highlight=False)


def audit_log(
    since: Annotated[str | None, typer.Option(help="From this moment on, ISO 8601.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, or all of a noun: key, user, sign-in.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Tell who changed what, newest first."""
    from pipelines.log import entries, show

    settings = settings_of(workspace)
    found = entries(settings, 0 if since is None else parse_moment(since, "since"), action, limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show(found, output(), settings.language)
