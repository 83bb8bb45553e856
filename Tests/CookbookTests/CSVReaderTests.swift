import Foundation
import Testing

@testable import CookbookLibrary

@Suite struct CSVReaderTests {
    private func records(_ text: String) throws -> [[String]] {
        try withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("file.csv").path
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            var reader = try CSVReader(path: path)
            var records: [[String]] = []
            while let record = try reader.next() { records.append(record.fields) }
            return records
        }
    }

    @Test func quotedFieldsMayHoldCommasQuotesAndLineBreaks() throws {
        #expect(try records("a,\"b, c\",d\n") == [["a", "b, c", "d"]])
        #expect(try records("\"say \"\"so\"\"\",x\n") == [["say \"so\"", "x"]])
        #expect(try records("\"two\nlines\",x\ny,z\n") == [["two\nlines", "x"], ["y", "z"]])
    }

    @Test func emptyFieldsAndEndsOfLines() throws {
        #expect(try records("a,,\n,\"\",c\n") == [["a", "", ""], ["", "", "c"]])
        #expect(try records("a,b\r\n\"c\",\"d\"\r\n") == [["a", "b"], ["c", "d"]])
        #expect(try records("a,b\n\nc,d") == [["a", "b"], ["c", "d"]])
        #expect(try records("") == [])
    }

    @Test func damageIsNamed() throws {
        let unclosed = #expect(throws: CSVError.self) { try records("a,\"b\nc\n") }
        #expect(unclosed?.description.contains("never closed") == true)
        let missing = #expect(throws: CSVError.self) { try CSVReader(path: "/nowhere/airports.csv") }
        #expect(missing?.description.contains("/nowhere/airports.csv") == true)
    }

    @Test func theRealFileHasAllItsRowsAndQuotedCommas() async throws {
        let rows = try await rows(of: AirportData.path).collected()
        #expect(rows.count == AirportData.count)
        #expect(Set(rows.map(\.airport.iata)).count == AirportData.count)
        #expect(rows.contains { $0.airport.name == "Union County, Troy Shelton" && $0.airport.city == "Union" })
        #expect(rows.first?.airport.latitude == 31.95376472)
        #expect(rows.last?.line == AirportData.count)
    }

    @Test(arguments: [0, 1, 99, 100, 1687, 3375, 3376])
    func readingResumesBehindAnyRow(line: Int) async throws {
        let all = try await rows(of: AirportData.path).collected()
        let cursor = line == 0 ? Cursor.start : Cursor.start.advanced(past: all[line - 1])
        let rest = try await rows(of: AirportData.path, from: cursor).collected()
        #expect(rest == Array(all[line...]))
    }

    @Test func aFileThatIsNoAirportListIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appendingPathComponent("other.csv")
            try Data("a,b\n1,2\n".utf8).write(to: file)
            let error = await #expect(throws: CSVError.self) { try await rows(of: file.path).collected() }
            #expect(error?.description.contains("the first line must be 'iata,name") == true)
            try Data("\(Airport.columns.joined(separator: ","))\n1,2\n".utf8).write(to: file)
            let short = await #expect(throws: CSVError.self) { try await rows(of: file.path).collected() }
            #expect(short?.description.contains("row 1 has 2 fields") == true)
        }
    }
}
