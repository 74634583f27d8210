from __future__ import annotations

from pathlib import Path

import faust
import pytest

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.app import make_app
from streams.broker.connection import BrokerConnection
from streams.broker.traits import KAFKA, TANSU, BrokerTraits
from streams.broker.users import User
from streams.known_offsets import KnownOffsetsConsumer


def app_for(traits: BrokerTraits, home: Path) -> faust.App:
    settings = Settings(home=home)
    connection = BrokerConnection("127.0.0.1:1", User.RECORD)
    return make_app("group", "worker-0", settings=settings, policy=load_policy(), traits=traits, connection=connection)


@pytest.mark.parametrize("traits", [KAFKA, TANSU], ids=["kafka", "tansu"])
def test_an_app_keeps_no_tables_and_opens_no_web_server(traits: BrokerTraits, tmp_path: Path) -> None:
    app = app_for(traits, tmp_path)

    assert (app.conf.web_enabled, dict(app.tables), app.conf.topic_allow_declare) == (False, {}, False)


def test_an_app_writes_nothing_outside_the_home(tmp_path: Path) -> None:
    conf = app_for(KAFKA, tmp_path).conf

    assert tmp_path in conf.datadir.parents
    assert tmp_path in conf.tabledir.parents


def test_a_folder_whose_name_is_a_template_to_faust_is_taken_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "{x} {conf.id}"

    assert home in app_for(KAFKA, home).conf.datadir.parents


def test_a_worker_keeps_its_place_in_the_group_where_the_broker_knows_how(tmp_path: Path) -> None:
    names = [app_for(traits, tmp_path).conf.consumer_group_instance_id for traits in (KAFKA, TANSU)]

    assert names == ["worker-0", None]


def test_fetches_are_short_where_the_broker_sits_on_them(tmp_path: Path) -> None:
    consumers = [app_for(traits, tmp_path).transport.Consumer for traits in (KAFKA, TANSU)]

    assert [each.__module__ for each in consumers] == ["streams.known_offsets", "streams.short_poll"]
    assert all(issubclass(each, KnownOffsetsConsumer) for each in consumers)  # a lost tail makes neither deaf
