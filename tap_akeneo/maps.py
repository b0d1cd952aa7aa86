"""The setting ``stream_maps``, and flattening."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from copy import deepcopy
from decimal import Decimal
from fnmatch import fnmatch
from functools import partial, wraps
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from singer_sdk.exceptions import MappingError
from singer_sdk.mapper import (
    MAPPER_ELSE_OPTION,
    CustomStreamMap,
    PluginMapper,
    RemoveRecordTransform,
)

from tap_akeneo.changed_values import ADDITIONAL_FIELDS
from tap_akeneo.client.errors import printable
from tap_akeneo.conformance import NotConvertible, conform, types_of
from tap_akeneo.records import selected

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterator, Mapping

    from singer_sdk import Stream
    from singer_sdk.mapper import StreamMap

    from tap_akeneo.changed_values import ChangedValues
    from tap_akeneo.conformance import Mismatch
    from tap_akeneo.records import Record

FLATTENING = (
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
)
"""The SDK's settings for flattening."""

MAX_SHOWN_LENGTH = 200
"""Characters of an error in an expression that a log line shows."""


class StreamMaps:
    """The maps of each stream, created when they are first needed.

    The SDK creates the maps of all streams, and fails for streams that are not selected.

    Args:
        config: The settings as the user wrote them.
        logger: The tap's logger.
    """

    def __init__(self, config: Mapping[str, Any], logger: logging.Logger) -> None:
        self._config = config
        self._mapper = PluginMapper(plugin_config=deepcopy(dict(config)), logger=logger)
        self._changes_records = bool(config.get("stream_maps") or config.get("flattening_enabled"))
        self._maps: dict[str, list[StreamMap]] = {}

    def unknown_streams(self, streams: Collection[str]) -> Iterator[str]:
        """Yield the names in the setting that match no stream."""
        for name, rules in self._mapper.stream_maps_dict.items():
            if not any(fnmatch(stream, _source(name, rules)) for stream in streams):
                yield _source(name, rules)

    def settings_of(self, stream: str) -> dict[str, Any]:
        """Return the settings that change the records of a stream, ``None`` for those that do not.

        The others are as the user wrote them.
        """
        maps = {
            name: rules
            for name, rules in (self._config.get("stream_maps") or {}).items()
            if name == MAPPER_ELSE_OPTION or fnmatch(stream, _source(name, rules))
        }
        flattens = self._config.get("flattening_enabled")
        return {
            "stream_maps": maps,
            "stream_map_config": self._config.get("stream_map_config") if maps else None,
            **{name: self._config.get(name) if flattens else None for name in FLATTENING},
        }

    def of(self, stream: Stream, changed_values: ChangedValues) -> list[StreamMap]:
        """Return the maps of a stream.

        Raises:
            MappingError: The setting is invalid.
        """
        if stream.name not in self._maps:
            schema = deepcopy(stream.effective_schema)
            schema["properties"] = selected(schema["properties"], stream.mask)
            try:
                self._mapper.register_raw_stream_schema(
                    stream.name, schema, list(stream.primary_keys)
                )
            except Exception as mistake:
                # An invalid expression can lead to any exception.
                msg = f"{stream.name}: {printable(str(mistake) or type(mistake).__name__)}"
                raise MappingError(msg) from mistake
            maps = self._maps[stream.name] = self._mapper.stream_maps[stream.name]
            for one in maps if self._changes_records else ():
                _patch_map(one, changed_values)
        return self._maps[stream.name]


def _source(name: str, rules: object) -> str:
    """Return the pattern of the streams to which rules apply."""
    return str(rules.get("__source__", name)) if isinstance(rules, dict) else name


def _patch_map(stream_map: StreamMap, changed_values: ChangedValues) -> None:
    """Make a map accept decimals, name the expression that fails, and conform its results."""
    if isinstance(stream_map, RemoveRecordTransform):
        return
    if isinstance(stream_map, CustomStreamMap):
        evaluator = stream_map.expr_evaluator
        evaluator.functions = {**evaluator.functions, "json": JsonWithDecimals}
        evaluator.operators = {
            node: _accept_decimals(operator) for node, operator in evaluator.operators.items()
        }
        evaluator.eval = partial(_evaluate, evaluator.eval)
    stream_map.transform = partial(  # type: ignore[method-assign]
        _map_record,
        stream_map.transform,
        stream_map.transformed_schema["properties"],
        changed_values,
    )


def _evaluate(
    evaluate: Callable[..., Any],
    expression: str,
    previously_parsed: Any = None,  # noqa: ANN401 (as in simpleeval)
) -> Any:  # noqa: ANN401
    """Evaluate an expression; if that fails, name it in the error."""
    try:
        return evaluate(expression, previously_parsed=previously_parsed)
    except Exception as failure:
        # The SDK defines this name only if the package is installed.
        if getattr(failure, "name", None) == "fake":
            msg = (
                f"the expression {expression} needs the package faker: install the tap with its "
                "extra [faker]"
            )
            raise MappingError(msg) from failure
        reason = printable(str(failure))[:MAX_SHOWN_LENGTH]
        msg = (
            f"the expression {expression} raises {type(failure).__name__} ({reason}) for a record; "
            "use record.get('…') for properties that may be missing"
        )
        raise MappingError(msg) from failure


def _map_record(
    transform: Callable[[Record], Record | None],
    properties: Mapping[str, Any],
    changed_values: ChangedValues,
    record: Record,
) -> Record | None:
    """Map a record, and make the result conform to the schema of the map."""
    mapped = transform(record)
    if mapped is None:
        return None
    # Flattening an object that is null, or that has more than its schema says, makes columns that
    # no target expects.
    unknown = {
        name: mapped.pop(name)
        for name in mapped.keys() - properties.keys()
        if mapped[name] is not None
    }
    if unknown:
        changed_values.log_unknown(unknown)
        _add_unknown(mapped, unknown)
    return {
        name: _conform_value(value, properties[name], changed_values, name)
        for name, value in mapped.items()
        if name in properties
    }


def _add_unknown(mapped: Record, unknown: Mapping[str, Any]) -> None:
    """Add unknown fields to the others, unless an expression makes something else of them."""
    known = mapped.get(ADDITIONAL_FIELDS) or {}
    if isinstance(known, str):
        # Flattening has encoded them.
        with suppress(ValueError):
            known = json.loads(known, parse_float=Decimal)
    if isinstance(known, dict):
        mapped[ADDITIONAL_FIELDS] = {**known, **unknown}


def _conform_value(
    value: Any,  # noqa: ANN401 (JSON)
    schema: Mapping[str, Any],
    changed_values: ChangedValues,
    name: str,
) -> Any:  # noqa: ANN401 (JSON)
    types = {"string", "object", "array"}.intersection(types_of(schema))
    if isinstance(value, (dict, list)) and types == {"string"}:
        # The SDK declares the result of an expression as text if it cannot infer the type.
        return JsonWithDecimals.dumps(value)
    count: Callable[[Mismatch], object] = partial(changed_values.count, kept=False)
    try:
        return conform(value, schema, count, name)
    except NotConvertible:
        msg = f"the expression for {name} returns a value that its schema does not declare"
        raise MappingError(msg) from None


def _accept_decimals(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Make an operator accept a decimal and a float together, which Python does not."""

    @wraps(operator)
    def tolerant(*operands: Any) -> Any:  # noqa: ANN401 (JSON)
        try:
            return operator(*operands)
        except TypeError:
            if not any(isinstance(operand, Decimal) for operand in operands):
                raise
            return operator(*map(_as_float, operands))

    return tolerant


def _as_float(operand: Any) -> Any:  # noqa: ANN401 (JSON)
    return float(operand) if isinstance(operand, Decimal) else operand


class JsonWithDecimals:
    """Replaces the module `json` in expressions, because that cannot encode decimals."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(value: Any, **options: Any) -> str:  # noqa: ANN401 (JSON)
        """Encode JSON with all digits of decimals."""
        mark = uuid4().hex

        def marked(inner: object) -> str:
            return f"{mark}{inner}{mark}" if isinstance(inner, Decimal) else str(inner)

        text = json.dumps(value, **{"default": marked, **options})
        return re.sub(f'"{mark}(.*?){mark}"', r"\1", text)
