import Slurm
import Testing

@Suite struct BatchJobTests {
    private var job: BatchJob {
        var job = BatchJob(name: "n", script: "echo \"a\\b\"\n\tä\u{1}", minutes: 5)
        (job.partition, job.node, job.account) = ("p", "n1", "ops")
        return job
    }

    private let script = ##""script":"#!/bin/sh\necho \"a\\b\"\n\tä\u0001\n""##
    private let common =
        #""name":"n","tasks":1,"time_limit":5,"current_working_directory":"/","standard_output":"/dev/null","#
        + #""standard_error":"/dev/null""#
    private let charged = #""partition":"p","account":"ops""#

    @Test("a job in the form of 22.05") func oldForm() {
        let said = #""environment":{"PATH":"/usr/local/bin:/usr/bin:/bin"}"#
        #expect(
            job.request(version: "v0.0.38")
                == #"{"job":{\#(common),\#(said),\#(charged),"nodelist":"n1"},\#(script)}"#)
    }

    @Test("lists from 0.0.39 on, and the script within the job from 0.0.41 on") func newForms() {
        let said = #""environment":["PATH=/usr/local/bin:/usr/bin:/bin"]"#
        let job = #"{"job":{\#(common),\#(said),\#(charged),"required_nodes":["n1"]"#
        #expect(self.job.request(version: "v0.0.40") == job + "},\(script)}")
        #expect(self.job.request(version: "v0.0.43") == job + ",\(script)}}")
    }

    @Test("options that are not set are left to Slurm") func bare() {
        let said = BatchJob(name: "n", script: "true", minutes: 1).request(version: "v0.0.38")
        #expect(!said.contains("partition") && !said.contains("nodes") && !said.contains("account"))
    }
}
