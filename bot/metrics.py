"""What this process counts, and the figures it shows beside them, as Prometheus reads them; never a name or a text.

Counters and histograms are moved where something happens. Gauges tell what the rows know, and are set at each scrape.
"""

import prometheus_client as prometheus

CONTENT_TYPE = prometheus.CONTENT_TYPE_PLAIN_0_0_4

prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, of which nobody has ever drawn anything
REGISTRY = prometheus.CollectorRegistry()
prometheus.ProcessCollector(registry=REGISTRY)  # memory, processor, open files

_QUICK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW_S = (1, 2, 5, 10, 30, 60, 300, 1800, 7200)  # a date in a message has whole seconds

# ── what comes in ───────────────────────────────────────────────────────────────────────────────────

UPDATES = prometheus.Counter(
    "xiaoan_updates",
    "Updates acknowledged, by kind (callback_query: a press) and fate: handled, parked, unreadable.",
    ("kind", "fate"),
    registry=REGISTRY,
)
UPDATE_SECONDS = prometheus.Histogram(
    "xiaoan_update_seconds",
    "From taking an update to its commit, or to its being parked.",
    buckets=_QUICK_S,
    registry=REGISTRY,
)
INTAKE_LAG = prometheus.Histogram(
    "xiaoan_intake_lag_seconds",
    "From a message's own date to its being taken; a press has no date.",
    buckets=_SLOW_S,
    registry=REGISTRY,
)
WEBHOOK_ANSWERS = prometheus.Counter(
    "xiaoan_webhook_answers", "What the webhook door answered.", ("status",), registry=REGISTRY
)
WEBHOOK_PENDING = prometheus.Gauge(
    "xiaoan_webhook_pending", "Updates Telegram has not got rid of, when last asked.", registry=REGISTRY
)
PARKED = prometheus.Gauge("xiaoan_parked_updates", "Updates set aside to be tried again.", registry=REGISTRY)
POISONED = prometheus.Gauge("xiaoan_poisoned_updates", "Updates nobody could handle.", registry=REGISTRY)

# ── what goes out ───────────────────────────────────────────────────────────────────────────────────

CALLS = prometheus.Counter(
    "xiaoan_calls",
    "Calls for deliveries, by verdict (later: flood control; uncertain: it may have been done).",
    ("verdict",),
    registry=REGISTRY,
)
CALL_SECONDS = prometheus.Histogram(
    "xiaoan_call_seconds", "From a delivery's call to its answer.", buckets=_QUICK_S, registry=REGISTRY
)
TOO_MANY = prometheus.Counter(
    "xiaoan_too_many_requests", "Answers 429 of Telegram, to whatever call.", registry=REGISTRY
)
DUE = prometheus.Gauge(
    "xiaoan_deliveries_due", "Deliveries whose time has come, not settled yet.", ("lane",), registry=REGISTRY
)
OLDEST_DUE = prometheus.Gauge(
    "xiaoan_oldest_delivery_seconds",
    "How long the oldest of them has been due; 0: none is.",
    ("lane",),
    registry=REGISTRY,
)

# ── what is to happen by itself ─────────────────────────────────────────────────────────────────────

PLANS_LATE = prometheus.Gauge(
    "xiaoan_plans_late_seconds",
    "How far the plan furthest behind is behind its time; 0: none is.",
    registry=REGISTRY,
)
CROSSINGS = prometheus.Gauge(
    "xiaoan_chase_crossings",
    "Reminders of the last day: crossed by an answer on the way, or outrun (claimed after one; must be 0).",
    ("how",),
    registry=REGISTRY,
)
DATABASE_UP = prometheus.Gauge(
    "xiaoan_database_up", "1 if the figures that only the rows know are of now.", registry=REGISTRY
)


def page() -> bytes:
    """Everything as Prometheus's text."""
    return prometheus.generate_latest(REGISTRY)
