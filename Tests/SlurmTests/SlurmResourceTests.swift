import Slurm
import Testing

@Suite struct SlurmResourceTests {
    @Test(
        "GPUs of all kinds are counted once",
        arguments: [
            ("billing=8,cpu=8,gres/gpu=4,gres/gpu:a100=4,mem=800M,node=4", 4), ("gres/gpu:a100=2,gres/gpu:v100=1", 3),
            ("gres/gpu:a100_3g.20gb=2,gres/gpu=2", 2), ("gres/gpu=0", 0), ("cpu=8,gres/gpumem=4,gres/shard=9", 0),
            ("", nil), ("gres/gpu", nil), ("gres/gpu=", nil), ("gres/gpu=x", nil), ("gres/gpu=-1", nil), ("a", nil),
            ("gres/gpu:a=2147483647,gres/gpu:b=1", nil), ("gres/gpu=99999999999999999999", nil), (",", nil),
        ] as [(String, Int64?)])
    func gpus(list: String, count: Int64?) { #expect(SlurmResources.gpus(list) == count) }

    @Test(
        "CPU time is read in all of its forms, in whole seconds",
        arguments: [
            ("00:05.044", 5), ("00:00.999", 0), ("59:59", 3_599), ("01:02:03", 3_723), ("1-02:03:04", 93_784),
            ("1-02:03:04.5", 93_784), ("250000-00:00:00", 21_600_000_000), ("00:00:00", 0), ("", nil), ("5", nil),
            ("1-02:03", nil), ("-1:00", nil), ("00:-1", nil), ("00:00.", nil), ("00:00.x", nil), ("00:00.1.1", nil),
            ("1:2:3:4", nil), ("INVALID", nil), ("1-2-3:4:5", nil), ("9999999999:00", nil), ("\u{661}:00", nil),
        ] as [(String, Int64?)])
    func cpuTime(text: String, seconds: Int64?) { #expect(SlurmText.seconds(ofCPU: text) == seconds) }

    @Test(
        "memory is read in bytes; 0 is no size",
        arguments: [
            ("32540K", 32_540 << 10), ("800M", 800 << 20), ("1.50G", 3 << 29), ("2T", 2 << 40), ("17", 17), ("0", nil),
            ("0K", nil), ("", nil), ("K", nil), ("-1K", nil), ("1e3", nil), ("nan", nil), ("1..5G", nil), ("7 K", nil),
            ("99999999999999999999", nil), ("9999P", nil), ("5X", nil), ("?", nil), ("16?", nil),
        ] as [(String, Int64?)])
    func memory(text: String, bytes: Int64?) { #expect(SlurmMemory.bytes(text) == bytes) }

    @Test("requested memory is that of the whole job, also where it is told for each CPU or node") func requested() {
        #expect(SlurmMemory.requested("4G", cpus: 8, nodes: 2) == 4 << 30)
        #expect(SlurmMemory.requested("4Gc", cpus: 8, nodes: 2) == 32 << 30)
        #expect(SlurmMemory.requested("4Gn", cpus: 8, nodes: 2) == 8 << 30)
        #expect(SlurmMemory.requested("4Gn", cpus: 8, nodes: nil) == nil)
        #expect(SlurmMemory.requested("0n", cpus: 8, nodes: 2) == nil)
        #expect(SlurmMemory.requested("512Pc", cpus: 1_000_000, nodes: 1) == nil)
    }
}
