import Checksum
import Testing

@Suite struct XXH64Tests {
    /// The bytes over which the xxHash project publishes its sanity vectors: the top byte of a growing product.
    private func sanityBytes(_ count: Int) -> [UInt8] {
        var generator: UInt64 = 2_654_435_761
        return (0..<count).map { _ in
            defer { generator = generator &* 11_400_714_785_074_694_797 }
            return UInt8(truncatingIfNeeded: generator >> 56)
        }
    }

    /// Lengths on both sides of every place where the algorithm changes its step: 4, 8, 32 and their multiples. Those
    /// of 1, 4, 14 and 222 bytes are in the xxHash project's own tests; all results come from its C code.
    @Test(
        "the published sanity vectors, under seeds 0, PRIME32 and all ones",
        arguments: [
            (0, 0xEF46_DB37_51D8_E999, 0xAC75_FDA2_929B_17EF, 0x298F_4C84_B24F_5380),
            (1, 0xE934_A84A_DB05_2768, 0x5014_6076_43A9_B4C3, 0x8BA3_3288_05E3_7C90),
            (2, 0x5D48_CD60_A77E_23FF, 0x9E93_1522_32D5_4A39, 0xB717_B191_9A26_9B1E),
            (3, 0xFF7E_1959_CB50_794A, 0xAA85_84E8_3660_F7D1, 0xD98F_F19E_5346_B786),
            (4, 0x9136_A0DC_A574_57EE, 0xCAAB_286B_D8E9_FDB5, 0x159F_BDB3_FC3F_C1D6),
            (5, 0x9B04_6FB1_397F_09A5, 0x2AF5_2499_30F9_84EC, 0xBEB9_95D7_AE54_5217),
            (7, 0x6C83_909A_9F01_ED25, 0xF98D_03B1_AD6F_9293, 0x73BD_E046_67CA_6BF4),
            (8, 0xCDBC_F538_E71D_1348, 0xFE0C_047A_5353_CDAC, 0x568E_81B1_596E_8283),
            (9, 0x554B_1AE9_91ED_A6B6, 0x7908_2652_48F6_D73F, 0x8276_3E24_71C5_9DED),
            (14, 0x8282_DCC4_994E_35C8, 0xC3BD_6BF6_3DEB_6DF0, 0x8523_C9EE_6F95_48ED),
            (15, 0x1807_1931_6D62_2D84, 0xD611_05C2_0E91_F99F, 0xABA4_97CF_6BEC_E3A5),
            (16, 0x98C9_0B57_FDFC_B55C, 0xC900_AD2D_536B_607E, 0x2A36_1A78_8232_33FE),
            (31, 0x299B_39A2_90E6_D783, 0xDA67_3D5F_EB5C_1D79, 0x6ED1_061F_61C6_86E5),
            (32, 0x18B2_1649_2BB4_4B70, 0xB3F3_3BDF_93AD_E409, 0x3A79_3D90_2011_3C2A),
            (33, 0x55C8_DC3E_578F_5B59, 0xE92C_292F_64BC_3071, 0x3E29_B6E7_0F25_43DA),
            (63, 0xA9EF_BE0F_A0F3_F4E7, 0x6C91_1FAD_B05B_6FC2, 0x93B7_C9E8_CE6D_E24C),
            (64, 0xEF55_8F8A_CAC2_B5CD, 0xB5EE_BA99_264C_C44F, 0xD482_94C0_C6D5_D9FD),
            (65, 0xDE0F_20DC_2631_AF7A, 0xD3F6_FF39_41E3_10CA, 0xD336_6084_A3FD_665B),
            (222, 0xB641_AE8C_B691_C174, 0x20CB_8AB7_AE10_C14A, 0x6192_0BEF_9B9A_65CA),
            (1_000, 0x52BD_1358_F22E_9EF7, 0x7275_1A24_0801_7E26, 0xF681_D3B0_E9E4_95AE),
            (65_537, 0x3AA9_2E82_33E0_7002, 0x901E_5368_D40B_B514, 0xBD6D_FACE_D506_2396),
        ] as [(Int, UInt64, UInt64, UInt64)])
    func sanityVectors(length: Int, plain: UInt64, seeded: UInt64, allOnes: UInt64) {
        let bytes = sanityBytes(length)
        #expect(XXH64.hash(bytes) == plain)
        #expect(XXH64.hash(bytes, seed: 2_654_435_761) == seeded)
        #expect(XXH64.hash(bytes, seed: .max) == allOnes)
    }

    @Test(
        "well-known texts",
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("as", 0x1C33_0FB2_D66B_E179),
            ("asd", 0x631C_37CE_72A9_7393), ("asdf", 0x4158_72F5_99CE_A71E), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02A2_E854_70D6_FD96),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func texts(text: String, hash: UInt64) { #expect(XXH64.hash(Array(text.utf8)) == hash) }

    @Test("the place of the bytes in memory does not matter") func alignment() {
        let bytes = sanityBytes(222)
        for shift in 0..<16 {
            let moved = [UInt8](repeating: 0xAA, count: shift) + bytes + [0x55]
            let hash = moved.withUnsafeBytes {
                XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[shift..<shift + 222]), seed: 2_654_435_761)
            }
            #expect(hash == 0x20CB_8AB7_AE10_C14A)
        }
    }

    @Test("a buffer without an address is empty") func noAddress() {
        #expect(XXH64.hash(UnsafeRawBufferPointer(start: nil, count: 0)) == 0xEF46_DB37_51D8_E999)
    }
}
