import Foundation

/// Every call the payment service received, in a file to which lines are added; each is synced before it is answered.
///
/// It is opened by one process at a time. A last line that a crash left unfinished is cut off when it is opened again.
actor PaymentLedger {
    private let path: String
    private let file: FileHandle
    private(set) var entries: [LedgerEntry]
    private var charges: [String: Charge]

    /// Opens the ledger, or begins one.
    /// - Throws: ``LedgerError`` when the file cannot be opened or holds something else.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LedgerError("the ledger \(path): \(String(cString: strerror(errno))); give --ledger a file that can be written")
        }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        self.path = path
        let data = try file.readToEnd() ?? Data()
        let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { data[...$0] } ?? Data()
        let decoder = JSONDecoder()
        do {
            entries = try whole.split(separator: UInt8(ascii: "\n")).map { try decoder.decode(LedgerEntry.self, from: $0) }
        } catch {
            throw LedgerError("\(path) is not a ledger of the payment service; give --ledger another file")
        }
        charges = [:]
        for entry in entries where entry.outcome == .charged {
            charges[entry.key] = Charge(id: entry.charge, customer: entry.customer, amountCents: entry.amountCents)
        }
        try file.truncate(atOffset: UInt64(whole.count))
    }

    /// Charges, or answers the charge that the key made before. The entry is on disk when this returns.
    func record(_ request: ChargeRequest, key: String) throws -> (charge: Charge, entry: LedgerEntry) {
        let known = charges[key]
        let charge = known ?? Charge(id: "ch_\(entries.count + 1)", customer: request.customer, amountCents: request.amountCents)
        let outcome: LedgerEntry.Outcome
        if let known {
            outcome = known.customer == request.customer && known.amountCents == request.amountCents ? .repeated : .refused
        } else {
            outcome = .charged
        }
        let entry = LedgerEntry(
            time: Int64(Date().timeIntervalSince1970 * 1e6), key: key, customer: request.customer,
            amountCents: request.amountCents, outcome: outcome, charge: charge.id)
        var line = try JSONEncoder().encode(entry)
        line.append(UInt8(ascii: "\n"))
        try file.write(contentsOf: line)
        guard fsync(file.fileDescriptor) == 0 else {
            throw LedgerError("the ledger \(path) could not be synced: \(String(cString: strerror(errno)))")
        }
        entries.append(entry)
        charges[key] = charge
        return (charge, entry)
    }
}

/// The ledger cannot be used: what, where, what to do.
struct LedgerError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
