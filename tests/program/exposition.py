"""Prometheus' text, read strictly, and what it ought to say of a world, told from its documents.

Written from homelab-observer(8), section METRICS, and Prometheus' description of the format.
"""
import collections
import datetime
import fractions
import json
import re

LIMIT = 1000
FILES = ('nodes.json', 'services.json', 'deployments.json', 'incidents.json', 'runtime-summary.json')
SEVERITIES = ('critical', 'error', 'warning', 'info')
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+(?:\.\d+)?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"')
ESCAPED = {'\\\\': '\\', '\\"': '"', '\\n': '\n'}


class Malformed(ValueError):
    """Not the format, or not whole."""


def series(name, **labels):
    return (name, frozenset(labels.items()))


def unescape(text):
    return re.sub(r'\\.', lambda match: ESCAPED[match.group()], text)


def read(content):
    """{series: value} of a file's bytes."""
    text = content.decode()
    if not text.endswith('\n'):
        raise Malformed('not ended: %r' % text[-40:])
    found, family = {}, None
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            family = line.split(' ', 3)[2]
            continue
        if line.startswith('# TYPE '):
            if line.split(' ')[2:] not in ([family, 'gauge'], [family, 'counter']):
                raise Malformed(line)
            continue
        match = SAMPLE.fullmatch(line)
        if not match or match.group(1) != family:
            raise Malformed(line)
        labels = {name: unescape(value) for name, value in LABEL.findall(match.group(2) or '')}
        key = series(match.group(1), **labels)
        if key in found:
            raise Malformed('twice: ' + line)
        found[key] = fractions.Fraction(match.group(3))
    if family != 'homelab_observer_error':
        raise Malformed('the end is missing')
    return found


def documents(world):
    return {name: json.loads((world / name).read_bytes()) for name in FILES}


def seconds(text):
    """RFC 3339, as documents have it, to the nanosecond."""
    whole, _, fraction = text.rstrip('Z').partition('.')
    at = datetime.datetime.strptime(whole + '+0000', '%Y-%m-%dT%H:%M:%S%z')
    return int(at.timestamp()) + fractions.Fraction(int(fraction.ljust(9, '0') or 0), 10 ** 9)


def expected(found):
    """{series: value} of a world's documents."""
    summary, told = found['runtime-summary.json'], {}
    observation, totals = summary['observation'], summary['observation']['totals']
    for state in ('NOMINAL', 'DEGRADED', 'CRITICAL'):
        told[series('homelab_status', status=state)] = summary['status'] == state
    for state in ('present', 'stale', 'absent'):
        told[series('homelab_topology', state=state)] = summary['topology'] == state
    for what, name in (('nodes.json', 'homelab_nodes'), ('services.json', 'homelab_services'),
                       ('deployments.json', 'homelab_deployments'),
                       ('incidents.json', 'homelab_incidents')):
        counted = collections.Counter(each['status'] for each in found[what].values())
        for status in summary[name.removeprefix('homelab_')].keys() - {'total', 'by_severity'}:
            told[series(name, status=status)] = counted[status]
    for kind, services in summary['drift'].items():
        told[series('homelab_drift', kind=kind)] = len(services)
    for name, value in (
            ('homelab_inventory_errors', len(summary['inventory_errors'])),
            ('homelab_events_accepted_total', totals['consumed']),
            ('homelab_events_rejected_total', totals['rejected']),
            ('homelab_events_late_total', totals['late']),
            ('homelab_events_late_unplaced_total', totals['late_unplaced']),
            ('homelab_events_held', observation['held']),
            ('homelab_events_unreadable', observation['unreadable']),
            ('homelab_observer_last_success_timestamp_seconds', seconds(summary['generated_at'])),
            ('homelab_observer_last_run_duration_seconds',
             fractions.Fraction(observation['duration_ms'], 1000)),
            ('homelab_observer_error', observation['last_error'] is not None)):
        told[series(name)] = value
    told[series('homelab_observer_build_info', version=observation['version'])] = 1
    for name, node in found['nodes.json'].items():
        told.update(expected_of_node(name, node, seconds(summary['generated_at'])))
    told.update(expected_of_incidents(found['incidents.json']))
    return told


def expected_of_node(name, node, now):
    told = {series('homelab_node_info', node=name, connectivity=node['connectivity']): 1}
    for status in ('online', 'offline', 'stale', 'unknown'):
        told[series('homelab_node_status', node=name, status=status)] = node['status'] == status
    for resource in ('cpu', 'disk', 'memory'):
        told[series('homelab_node_pressure', node=name, resource=resource)] = (
            node[resource + '_pressure'] is not None)
    for status in ('healthy', 'unhealthy', 'unknown'):
        told[series('homelab_node_services', node=name, status=status)] = node['services'][status]
    if node['last_seen'] is not None:
        seen = seconds(node['last_seen'])
        told[series('homelab_node_last_seen_timestamp_seconds', node=name)] = seen
        told[series('homelab_node_silence_seconds', node=name)] = max(now - seen, 0)
    return told


def expected_of_incidents(incidents):
    active = [each for each in incidents.values() if each['status'] == 'active']
    active.sort(key=lambda each: (SEVERITIES.index(each['severity']), each['node'],
                                  each['service'].encode()))
    told = {series('homelab_incidents_omitted'): max(len(active) - LIMIT, 0)}
    for severity in SEVERITIES:
        told[series('homelab_active_incidents', severity=severity)] = sum(
            each['severity'] == severity for each in active)
    for each in active[:LIMIT]:
        labels = {name: each[name] for name in ('node', 'service', 'severity')}
        told[series('homelab_incident_active', **labels)] = 1
        told[series('homelab_incident_started_timestamp_seconds', **labels)] = seconds(
            each['started_at'])
    return told
