#if Hummingbird
  import Foundation
  import NIOSSL

  /// A certificate for tests, created once per run.
  enum Certificate {
    static let files = Result { try make() }

    static var serverConfiguration: TLSConfiguration {
      get throws {
        let folder = try files.get()
        let certificates = try NIOSSLCertificate.fromPEMFile(folder + "/cert.pem")
        let chain = certificates.map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: folder + "/key.pem", format: .pem)
        return .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
      }
    }

    static var clientConfiguration: TLSConfiguration {
      get throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(try files.get() + "/cert.pem")
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["h2"]
        return configuration
      }
    }

    private static func make() throws -> String {
      let folder = FileManager.default.temporaryDirectory.appending(path: "eventsource-\(UUID())").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/openssl")
      process.arguments = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder + "/key.pem", "-out",
        folder + "/cert.pem",
      ]
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return folder
    }
  }
#endif
