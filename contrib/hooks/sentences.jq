# A notification of homelab-notify as sentences, for hooks that write to people.
#
#	jq -L DIRECTORY 'import "sentences" as sentences; sentences::title' …
#
# What is here is worth a message; of other kinds of events hooks say nothing.

# Text of others as one line: what is no printable character becomes a space.
def line: gsub("[\\p{C}\\p{Z}\\s]+"; " ") | ltrimstr(" ") | rtrimstr(" ");

def where:
	if .service != null then "\(.node)/\(.service)"
	elif .node != null then .node
	else .key end | line;

def because: if .message != null and .message != "" then ": " + (.message | line) else "" end;

def again:
	if .relapses == null then ""
	elif .relapses == 1 then " (it came back once)"
	else " (it came back \(.relapses) times)" end;

def sentence:
	if .kind == "incident_opened" then "\(where): \(.severity)\(because)"
	elif .kind == "incident_reopened" then "\(where): \(.severity) again\(because)"
	elif .kind == "incident_resolved" then "\(where): resolved\(again)"
	elif .kind == "incident_severity_changed" then "\(where): \(.from), now \(.to)\(because)"
	elif .kind == "incident_withdrawn" then "\(where): no incident, as a late event shows"
	elif .kind == "node_status_changed" then "\(.key | line): \(.to), was \(.from)"
	elif .kind == "pressure_changed" then
		(.key | line | gsub("_"; " ")) + ": " + (.to // "gone" | tostring | line)
	elif .kind == "deployment_finished" then "deployment \(.key | line): \(.to)\(because)"
	elif .kind == "deployment_stalled" then "deployment \(.key | line): stalled"
	elif .kind == "status_changed" then "homelab: \(.to), was \(.from // "unknown")"
	else empty end;

def missed:
	if .missed then "Some changes were missed. Active now: \(.incidents | length)",
		(.incidents[] | "\(where): \(.severity)\(because)")
	else empty end;

# All of it, the first 50.
def sentences:
	[.events[] | sentence] + [missed]
	| if length > 50 then .[:50] + ["and \(length - 50) more"] else . end;

# The first says most; "" where there is nothing to say.
def title:
	sentences | if length == 0 then ""
	elif length == 1 then .[0]
	else "\(.[0]) (and \(length - 1) more)" end | .[:200];

def text: sentences | join("\n");

# 0 nothing bad, 1 warning, 2 error, 3 critical.
def urgency:
	[0, (.events[]
		| if (.kind | test("^incident_(opened|reopened|severity_changed)$")) then
			{"warning": 1, "error": 2, "critical": 3}[.severity // ""] // 0
		elif .kind == "node_status_changed" and .to == "offline" then 2
		elif .kind == "node_status_changed" and .to == "stale" then 1
		elif .kind == "deployment_finished" and .to == "failed" then 2
		elif .kind == "status_changed" and .to == "CRITICAL" then 3
		elif .kind == "status_changed" and .to == "DEGRADED" then 1
		elif .kind == "pressure_changed" and .to != null then 1
		else 0 end),
		(if .missed then 1 else 0 end)] | max;
