import Testing

@Suite struct ExpansionTests {
    @Test func publicFunctionWithEverything() {
        expectExpansion(
            """
            /// Charges a customer.
            @available(macOS 15, *)
            @RelierTask(name: "charge", idempotent: .automatic(ttl: .hours(24)), softTimeout: .seconds(8), hardTimeout: .seconds(10))
            public func chargeCustomer(_ id: String, of cents: Int = 5, note: String? = nil, context: TaskContext) async throws -> Charge {
            }
            """,
            """
            /// Charges a customer.
            @available(macOS 15, *)
            public func chargeCustomer(_ id: String, of cents: Int = 5, note: String? = nil, context: TaskContext) async throws -> Charge {
            }

            /// Charges a customer.
            @available(macOS 15, *)
            public nonisolated struct $chargeCustomer: RelierTask {
                public static let name: Swift.String = "charge"

                public static let options: TaskOptions = TaskOptions(
                    idempotent: .automatic(ttl: .hours(24)),
                    softTimeout: .seconds(8),
                    hardTimeout: .seconds(10)
                )

                public static let parameters: [Swift.String] = ["id", "cents", "note"]

                public var id: String

                public var cents: Int

                public var note: String?

                public init(_ id: String, of cents: Int = 5, note: String? = nil) {
                    self.id = id
                    self.cents = cents
                    self.note = note
                }

                public init(from decoder: any Swift.Decoder) throws {
                    let container = try decoder.container(keyedBy: CodingKeys.self)
                    self.id = try container.decode(String.self, forKey: .id)
                    if container.contains(.cents) {
                        self.cents = try container.decode(Int.self, forKey: .cents)
                    } else {
                        self.cents = 5
                    }
                    self.note = try container.decodeIfPresent(String.self, forKey: .note)
                }

                public func encode(to encoder: any Swift.Encoder) throws {
                    var container = encoder.container(keyedBy: CodingKeys.self)
                    try container.encode(self.id, forKey: .id)
                    try container.encode(self.cents, forKey: .cents)
                    try container.encodeIfPresent(self.note, forKey: .note)
                }

                public func run(_ context: TaskContext) async throws -> Charge {
                    try await chargeCustomer(self.id, of: self.cents, note: self.note, context: context)
                }

                private enum CodingKeys: Swift.String, Swift.CodingKey {
                    case id
                    case cents
                    case note
                }
            }
            """)
    }

    @Test func smallestFunction() {
        expectExpansion(
            """
            @RelierTask
            func tick() {
            }
            """,
            """
            func tick() {
            }

            nonisolated struct $tick: BlockingRelierTask {
                static let name: Swift.String = "tick"

                static let parameters: [Swift.String] = []

                init() {
                }

                init(from decoder: any Swift.Decoder) throws {
                    _ = try decoder.container(keyedBy: CodingKeys.self)
                }

                func encode(to encoder: any Swift.Encoder) throws {
                    _ = encoder.container(keyedBy: CodingKeys.self)
                }

                func run(_ context: TaskContext) -> NoOutput {
                    tick()
                    return NoOutput()
                }

                private enum CodingKeys: Swift.CodingKey {
                }
            }
            """)
    }

    @Test func staticFunctionInANestedType() {
        expectExpansion(
            """
            public extension Shop.Stock {
                @RelierTask
                static func count(in: Self.Shelf, limit: Int = Self.limit) throws -> Int {
                    0
                }
            }
            """,
            """
            public extension Shop.Stock {
                static func count(in: Self.Shelf, limit: Int = Self.limit) throws -> Int {
                    0
                }

                /// The task that calls ``count``, with its arguments.
                nonisolated struct $count: BlockingRelierTask {
                    public static let name: Swift.String = "Shop.Stock.count"

                    public static let parameters: [Swift.String] = ["in", "limit"]

                    public var `in`: Shop.Stock.Shelf

                    public var limit: Int

                    public init(in: Shop.Stock.Shelf, limit: Int = Shop.Stock.limit) {
                        self.in = `in`
                        self.limit = limit
                    }

                    public init(from decoder: any Swift.Decoder) throws {
                        let container = try decoder.container(keyedBy: CodingKeys.self)
                        self.in = try container.decode(Shop.Stock.Shelf.self, forKey: .in)
                        if container.contains(.limit) {
                            self.limit = try container.decode(Int.self, forKey: .limit)
                        } else {
                            self.limit = Shop.Stock.limit
                        }
                    }

                    public func encode(to encoder: any Swift.Encoder) throws {
                        var container = encoder.container(keyedBy: CodingKeys.self)
                        try container.encode(self.in, forKey: .in)
                        try container.encode(self.limit, forKey: .limit)
                    }

                    public func run(_ context: TaskContext) throws -> Int {
                        try Shop.Stock.count(in: self.in, limit: self.limit)
                    }

                    private enum CodingKeys: Swift.String, Swift.CodingKey {
                        case `in`
                        case limit
                    }
                }
            }
            """)
    }

    @Test func functionHiddenByItsOwnArgumentIsCalledFromOutside() {
        let text = Expanded("@RelierTask func total(total: Int) async throws -> Int { total }").text
        #expect(text.contains("fileprivate nonisolated func __macro_local_5totalfMu_"))
        #expect(text.contains("try await total(total: __macro_local_4taskfMu_.total)"))
    }

    /// `nil` that differs from the default has to be written out.
    @Test func optionalWithAValueAsDefaultIsAlwaysEncoded() {
        let text = Expanded("@RelierTask func f(note: String? = \"none\") {}").text
        #expect(text.contains("try container.encode(self.note, forKey: .note)"))
        #expect(text.contains("self.note = try container.decode(String?.self, forKey: .note)"))
    }

    @Test func dictionaryKeysOfTheUsersOwnTypesAreLeftToTheCompiler() {
        let text = Expanded("@RelierTask(idempotent: .automatic) func f(ages: [CustomerID: Int]) {}").text
        #expect(text.contains("hasOrder(CustomerID.self)"))
        #expect(!Expanded("@RelierTask func f(ages: [CustomerID: Int]) {}").text.contains("hasOrder"))
    }
}
