/// One row of `airports.csv`.
struct Airport: Codable, Sendable, Hashable {
    var iata: String
    var name: String
    var city: String
    var state: String
    var country: String
    var latitude: Double
    var longitude: Double
}

extension Airport {
    /// The columns of the file's first line, in their order.
    static let columns = ["iata", "name", "city", "state", "country", "latitude", "longitude"]

    /// - Throws: ``CSVError`` that names the row and what is wrong with it.
    init(fields: [String], row: Int) throws {
        guard fields.count == Self.columns.count else {
            let columns = Self.columns.joined(separator: ",")
            throw CSVError("row \(row) has \(fields.count) fields where \(Self.columns.count) belong: \(columns)")
        }
        guard let latitude = Double(fields[5]), let longitude = Double(fields[6]) else {
            throw CSVError("row \(row) (\(fields[0])): latitude '\(fields[5])' or longitude '\(fields[6])' is not a number")
        }
        self.init(
            iata: fields[0], name: fields[1], city: fields[2], state: fields[3], country: fields[4],
            latitude: latitude, longitude: longitude)
    }
}
