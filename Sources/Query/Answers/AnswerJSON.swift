import Record

/// The answers as JSON. These keys are the contract's: they may grow and never change.
extension TopPackages {
    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "package": .text($0.package), "users": .integer($0.users), "jobs": .integer($0.jobs),
                    "processes": .integer($0.processes), "node_hours": .real($0.nodeHours),
                ])
            })
    }
}

extension TopPackages.Row {
    public var nodeHours: Double { Double(nodeSeconds) / 3_600 }
}

extension PackageReport {
    public var json: JSON {
        .object([
            "package": .text(package), "users": .integer(users), "jobs": .integer(jobs),
            "processes": .integer(processes), "first_seen": .time(firstSeen), "last_seen": .time(lastSeen),
            "versions": .array(
                versions.map {
                    .object(["version": .text($0.version), "users": .integer($0.users), "jobs": .integer($0.jobs)])
                }),
            "by_month": .array(
                months.map {
                    .object(["month": .text($0.month), "users": .integer($0.users), "jobs": .integer($0.jobs)])
                }),
            "job_sizes": .array(
                jobSizes.map { .object(["nodes": .integer($0.nodes), "jobs": .integer($0.jobs)]) }),
            "used_with": .array(
                companions.map {
                    .object([
                        "package": .text($0.package), "jobs": .integer($0.jobs),
                        "pearson": $0.pearson.map { .real($0) } ?? .null,
                    ])
                }),
        ])
    }
}

extension JobReport {
    public var json: JSON { json(besides: []) }

    /// - Parameter others: further jobs of the same number, of which only the days are told.
    public func json(besides others: [JobReport]) -> JSON {
        guard case .object(let members) = facts else { return facts }
        if others.isEmpty { return .object(members) }
        let days = others.map { other in
            JSON.object([
                "first_day": other.firstDay.map { .text(Calendar.text(day: $0)) } ?? .null,
                "last_day": other.lastDay.map { .text(Calendar.text(day: $0)) } ?? .null,
            ])
        }
        return .object(members.dropLast() + [JSON.Member("same_number", .array(days))] + members.suffix(1))
    }

    private var facts: JSON {
        .object([
            "job_id": .text(jobID), "cluster": .text(cluster), "username": .text(username),
            "account": .text(account), "qos": .text(qos), "partition": .text(partition),
            "num_nodes": .integer(numNodes), "state": .text(state), "exit_code": .text(exitCode),
            "submit": .time(submit), "start": .time(start), "end": .time(end),
            "elapsed_seconds": .integer(elapsedSeconds),
            "source": .text(isFromSlurm ? "slurm" : "environment"), "name": .text(name),
            "num_tasks": .integer(numTasks), "node_list": .text(nodeList),
            "time_limit_seconds": .integer(timeLimitSeconds), "restart": .integer(restart),
            "array_job_id": .integer(arrayJobID), "array_task_id": .integer(arrayTaskID),
            "runs": .array(runs.map { $0.json }),
        ])
    }
}

extension JobReport.Run {
    public var json: JSON {
        let known = packages.contains { $0.direct != nil }
        return .object([
            "step_id": .text(step), "username": .text(username), "executable": .text(executable),
            "main": .text(main), "python": .text(python), "processes": .integer(processes),
            "ranks_reported": .integer(ranksReported), "first_seen": .time(firstSeen),
            "last_seen": .time(lastSeen), "end": .text(end.name),
            "packages": .object(packages.map { JSON.Member($0.name, .text($0.version)) }),
            "direct": known ? .array(packages.filter { $0.direct == true }.map { .text($0.name) }) : .null,
        ])
    }
}

extension UserReport {
    public var json: JSON {
        .object([
            "username": .text(username), "jobs": .integer(jobs), "processes": .integer(processes),
            "packages": .array(packages.map { .text($0) }), "environments": .array(environments.map { .text($0) }),
        ])
    }
}

extension Health {
    public var json: JSON {
        .object([
            "received": .integer(received), "stored": .integer(stored), "merged": .integer(merged),
            "duplicate": .integer(duplicate),
            "rejected": .object(rejected.map { JSON.Member($0.reason, .integer($0.count)) }),
            "kernel_dropped": .integer(kernelDropped), "pending": .integer(pending),
            "oldest_pending_seconds": .real(oldestPendingSeconds), "last_record": .time(lastRecord),
            "balanced": .bool(isBalanced), "canary_loss": canaryLoss.map { .real($0) } ?? .null,
        ])
    }
}

extension ClaimReport {
    public var json: JSON {
        .object([
            "jobs_checked": .integer(jobsChecked), "differing": .integer(differing),
            "differences": .array(
                differences.map {
                    .object([
                        "job_id": .text($0.jobID), "cluster": .text($0.cluster), "restart": .integer($0.restart),
                        "field": .text($0.field), "claimed": .text($0.claimed), "slurm": .text($0.actual),
                    ])
                }),
        ])
    }
}

extension JSON {
    /// A time in microseconds since 1970 as RFC 3339 in UTC.
    public static func time(_ microseconds: Int64?) -> JSON {
        microseconds.map { .text(Calendar.text(microseconds: $0)) } ?? .null
    }
}
