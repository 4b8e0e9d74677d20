"""Settings load in layers, and every mistake is answered with where it is and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from cairn.describe import describe
from cairn.sections import Settings
from cairn.settings import known, load, variable
from engine.errors import Misconfigured

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def toml(directory: Path, text: str) -> Path:
    path = directory / "cairn.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(
    path: Path | None = None,
    environ: dict[str, str] | None = None,
    overrides: dict[str, object] | None = None,
) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(path, environ or {}, overrides or {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_given_gives_the_defaults() -> None:
    """Cairn runs without any settings."""
    assert load(None, {}, {}) == Settings()


def test_later_layers_win(tmp_path: Path) -> None:
    """The command line beats the environment, which beats the file, which beats the default."""
    path = toml(
        tmp_path, '[kafka]\ntransactional_id = "file"\ntopic_prefix = "file"\ninstance_id = "file"'
    )
    environ = {"CAIRN_KAFKA__TRANSACTIONAL_ID": "variable", "CAIRN_KAFKA__TOPIC_PREFIX": "variable"}
    kafka = load(path, environ, {"kafka.transactional_id": "option", "kafka.bootstrap": None}).kafka
    assert (kafka.transactional_id, kafka.topic_prefix, kafka.instance_id) == (
        "option",
        "variable",
        "file",
    )
    assert kafka.bootstrap is None


def test_the_environment_writes_every_type() -> None:
    """Numbers, switches, paths and lists can all be written as text."""
    settings = load(
        None,
        {
            "CAIRN_ENGINE__WORKERS": "3",
            "CAIRN_FOLDER__SETTLE_S": "2.5",
            "CAIRN_KAFKA__CREATE_TOPICS": "false",
            "CAIRN_STATE__DIRECTORY": "/var/lib/cairn",
            "CAIRN_GUARDS__FORMATS": "JPEG, PNG",
            "CAIRN_KAFKA__BOOTSTRAP": "one:9092,two:9092",
        },
        {},
    )
    assert (settings.engine.workers, settings.folder.settle_s) == (3, 2.5)
    assert settings.kafka.create_topics is False
    assert settings.state.directory == Path("/var/lib/cairn")
    assert settings.guards.formats == ("JPEG", "PNG")


def test_profiles_are_merged_field_by_field(tmp_path: Path) -> None:
    """A field of a profile can come from the file and another from the environment."""
    path = toml(tmp_path, "[profiles.place]\nmin_size = 2")
    settings = load(path, {"CAIRN_PROFILES__PLACE__NEIGHBOURS": "9"}, {})
    assert settings.profiles == {"place": {"min_size": 2, "neighbours": "9"}}


def test_an_unknown_key_in_the_file_names_the_nearest(tmp_path: Path) -> None:
    """A typing mistake in the file is answered with the file and the right name."""
    path = toml(tmp_path, '[kafka]\nbootstrp = "x:1"')
    said = complaint(path)
    assert said == f"{path}: unknown setting kafka.bootstrp; did you mean kafka.bootstrap?"


def test_an_unknown_variable_names_the_nearest() -> None:
    """A typing mistake in the environment is answered with the right variable."""
    said = complaint(environ={"CAIRN_KAFKA_BOOTSTRAP": "x:1"})
    assert said.endswith("did you mean CAIRN_KAFKA__BOOTSTRAP?")


def test_an_unknown_option_is_refused() -> None:
    """The command line is checked like any other source."""
    assert "engine.proflie; did you mean engine.profile?" in complaint(
        overrides={"engine.proflie": "place"}
    )


def test_variables_of_the_tests_are_no_settings() -> None:
    """What steers the project's own tests does not trip the check."""
    environ = {"CAIRN_SHARED": "/data", "CAIRN_REQUIRE_KAFKA": "1", "HOME": "/root"}
    assert load(None, environ, {}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("metrics.port", "http", "valid integer"),
        ("metrics.port", "70000", "less than or equal to 65535"),
        ("engine.batch_size", "0", "greater than or equal to 1"),
        ("log.level", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("guards.formats", "JPEG,EXE", "'JPEG'"),
        ("folder.settle_s", "nan", "finite number"),
        ("metrics.stall_s", "0", "greater than 0"),
        ("kafka.bootstrap", "localhost", "HOST:PORT"),
    ],
)
def test_a_wrong_value_says_what_is_accepted(name: str, value: str, expected: str) -> None:
    """One line: the variable, the setting, its value and what would be right."""
    source = variable(tuple(name.split(".")))
    said = complaint(environ={source: value})
    assert said.startswith(f"{source}: {name} = {value!r}: ")
    assert expected in said


def test_a_section_is_not_a_setting(tmp_path: Path) -> None:
    """A value where a table belongs is explained."""
    assert "kafka is a section" in complaint(toml(tmp_path, 'kafka = "localhost:9092"'))
    assert "profiles.NAME.FIELD" in complaint(toml(tmp_path, "[profiles]\nplace = 3"))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """Missing, malformed and undecodable files are the operator's to correct."""
    assert "cannot read" in complaint(tmp_path / "none.toml")
    assert "not valid TOML" in complaint(toml(tmp_path, "kafka ="))
    broken = tmp_path / "latin.toml"
    broken.write_bytes(b'[engine]\nprofile = "\xff"')
    assert "not valid TOML" in complaint(broken)


def test_a_password_comes_from_a_file_and_never_prints(tmp_path: Path) -> None:
    """The secret reaches the one who asks for it by name, and no text on the way."""
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", encoding="utf-8")
    settings = load(
        None,
        {"CAIRN_KAFKA__SASL_PASSWORD_FILE": str(secret), "CAIRN_KAFKA__SASL_USERNAME": "me"},
        {"kafka.security_protocol": "SASL_SSL"},
    )
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_complaints_never_quote_a_secret() -> None:
    """Neither a wrong secret nor a rule about its section shows what was given."""
    said = complaint(
        environ={"CAIRN_KAFKA__SASL_PASSWORD": "hunter2", "CAIRN_KAFKA__SASL_PASSWORD_FILE": "/x"}
    )
    assert "not both" in said
    assert "hunter2" not in said
    wrong = complaint(overrides={"kafka.sasl_password": ["hunter2"]})
    assert "the secret" in wrong
    assert "hunter2" not in wrong


def test_a_missing_password_is_a_setup_error(tmp_path: Path) -> None:
    """SASL without credentials, or with a file that is not there, stops at the start."""
    assert "needs sasl_username" in complaint(overrides={"kafka.security_protocol": "SASL_SSL"})
    missing = str(tmp_path / "none")
    said = complaint(environ={"CAIRN_KAFKA__SASL_PASSWORD_FILE": missing})
    assert "kafka.sasl_password_file" in said
    assert missing in said


def test_a_token_lies_in_a_file_or_in_the_settings(tmp_path: Path) -> None:
    """Never in both; it is not shown."""
    path = tmp_path / "token"
    path.write_text("hunter2\n")
    serve = load(None, {"CAIRN_SERVE__TOKEN_FILE": str(path)}, {}).serve
    assert serve.token is not None
    assert serve.token.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(serve)
    both = {"CAIRN_SERVE__TOKEN_FILE": str(path), "CAIRN_SERVE__TOKEN": "hunter2"}
    said = complaint(environ=both)
    assert "not both" in said
    assert "hunter2" not in said
    assert "serve.token_file" in complaint(overrides={"serve.token_file": tmp_path / "none"})


def test_origins_are_origins() -> None:
    """A path would never match, and `*` would let everybody read."""
    known = {"CAIRN_SERVE__ORIGINS": "https://a.example, http://b.example:81"}
    assert load(None, known, {}).serve.origins == ("https://a.example", "http://b.example:81")
    for wrong in ("*", "https://a.example/", "https://", "file:///x", "https://*"):
        assert "give origins" in complaint(overrides={"serve.origins": [wrong]})


def test_settings_do_not_change() -> None:
    """What was loaded stays as it was loaded."""
    with pytest.raises(ValidationError):
        load(None, {}, {}).engine.profile = "face"


def test_every_setting_has_a_meaning() -> None:
    """The reference leaves no cell empty."""
    assert [path for path, field in known().items() if not field.description] == []


def test_the_reference_is_up_to_date() -> None:
    """`docs/settings.md` is what `make docs` would write now."""
    assert DOCS.read_text(encoding="utf-8") == describe(Settings)
