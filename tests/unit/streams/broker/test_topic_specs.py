from __future__ import annotations

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.topics import Topic, topic_specs


def test_every_topic_has_explicit_retention_segment_size_and_clock() -> None:
    specs = topic_specs(Settings(), load_policy())

    assert [spec.name for spec in specs] == [topic.value for topic in Topic]
    for spec in specs:
        retention, segment = int(spec.config["retention.ms"]), int(spec.config["segment.ms"])
        assert 0 < segment < retention <= 7 * 24 * 3_600_000
        assert spec.config["message.timestamp.type"] == "LogAppendTime"


def test_frames_live_for_a_minute_and_fit_the_policys_largest() -> None:
    frames = topic_specs(Settings(frame_partitions=12), load_policy())[0]

    assert frames.partitions == 12
    assert frames.config["retention.ms"] == "60000"
    assert int(frames.config["max.message.bytes"]) == load_policy().images.max_frame_bytes + 65_536
