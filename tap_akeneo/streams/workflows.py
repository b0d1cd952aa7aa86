"""Workflows, rules, readiness and suggestions (SaaS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.client.responses import objects_in, value_of
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.plans import Plan
    from tap_akeneo.pagination.request import ListRequest


class Workflows(AkeneoStream):
    """Workflows, without their steps, which are another stream."""

    name = "workflows"
    path = "workflows"
    since = "SaaS"
    primary_keys = ("uuid",)
    has_count = False
    may_hang = True

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {key: value for key, value in item.items() if key != "steps"}


class WorkflowSteps(ChildStream):
    """Steps of workflows. The PIM has no list of them, so each workflow is read."""

    name = "workflow_steps"
    path = "workflows/{workflow_uuid}"
    since = "SaaS"
    primary_keys = ("uuid",)
    pagination = Pagination.SINGLE
    parent = Workflows
    parent_key = "workflow_uuid"

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        for position, step in enumerate(objects_in(value_of(item, "steps"))):
            yield {**step, "position": position}


class WorkflowStepChildStream(ChildStream):
    """A resource of which the PIM has one list for each step of each workflow.

    Requests do not hang here, because a PIM that has listed its workflows has them enabled.
    """

    parent = WorkflowSteps
    parent_key = "step_uuid"
    has_count = False


class WorkflowTasks(WorkflowStepChildStream):
    """Tasks of workflows."""

    name = "workflow_tasks"
    path = "workflows/tasks"
    since = "SaaS"
    primary_keys = ("uuid",)

    @override
    def params(self) -> dict[str, str]:
        return {**super().params(), "with_attributes": "true"}

    @override
    def list_requests(self) -> Plan[list[ListRequest]]:
        parents = yield from self.parents()
        return [
            self.list_request(one, {"step_uuid": [{"operator": "=", "value": one["step_uuid"]}]})
            for one in parents
        ]


class WorkflowStepAssignees(WorkflowStepChildStream):
    """Users to whom a step is assigned."""

    name = "workflow_step_assignees"
    path = "workflows/steps/{step_uuid}/assignees"
    since = "SaaS"
    primary_keys = ("step_uuid", "uuid")
    is_personal = True


class UserPermissionStream(ChildStream):
    """What users may do, of whom only the assignees of workflow steps are known.

    Source: Akeneo's OpenAPI document of SaaS, September 2026, ``GET /permissions/{uuid}/locales``
    and ``…/channels``.
    """

    since: ClassVar[str] = "SaaS"
    primary_keys: ClassVar[tuple[str, ...]] = ("userUuid",)
    pagination = Pagination.SINGLE
    is_personal = True
    parent = WorkflowStepAssignees
    parent_key = "userUuid"

    @override
    def parents(self) -> Plan[list[dict[str, str]]]:
        # A user may be assigned to many steps.
        found = yield from super().parents()
        return [{"userUuid": one} for one in dict.fromkeys(each["userUuid"] for each in found)]


class UserLocalePermissions(UserPermissionStream):
    """In which locales users may view and edit values."""

    name = "user_locale_permissions"
    path = "permissions/{userUuid}/locales"


class UserChannelPermissions(UserPermissionStream):
    """In which channels users may view and edit values."""

    name = "user_channel_permissions"
    path = "permissions/{userUuid}/channels"


class RuleList(AkeneoStream):
    """Rules as their list has them: without conditions and actions."""

    name = "rule_definitions"
    path: ClassVar[str] = "rule-definitions"
    since = "SaaS"


class RuleDefinitions(ChildStream):
    """Rules. Only the address of a single rule has its conditions and actions.

    Source: Akeneo's OpenAPI document of SaaS, September 2026, ``GET /rule-definitions`` and
    ``GET /rule-definitions/{code}``.
    """

    name = "rule_definitions"
    path = "rule-definitions/{code}"
    since = "SaaS"
    pagination = Pagination.SINGLE
    parent = RuleList
    parent_key = "code"


class Readiness(AkeneoStream):
    """Configurations of readiness, including drafts.

    Source: Akeneo's OpenAPI document of 2 September 2026, ``get_readinesses``, in the snapshot of
    schallym/node-akeneo-api-client (1e9acd8).
    """

    name = "readiness"
    path = "readiness"
    since = "SaaS"


class ModelizationSuggestions(AkeneoStream):
    """Suggestions for the data model."""

    name = "modelization_suggestions"
    path = "data-model-designer/modelization-suggestions"
    since = "SaaS"
    primary_keys = ("uuid",)

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        if self.settings.personal_data:
            yield item
        else:
            yield {key: value for key, value in item.items() if key != "author"}
