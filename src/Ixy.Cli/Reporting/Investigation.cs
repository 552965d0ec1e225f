using System.Diagnostics;
using Ixy.Cli.Output;
using Ixy.Ixgbe;
using Ixy.Setup;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli.Reporting;

/// <summary>Starts the driver on a card, observes it, and stops it again.</summary>
/// <param name="specifier">The card.</param>
/// <param name="linkTime">How long to wait for its link.</param>
/// <param name="countTime">How long to count packets.</param>
internal sealed class Investigation(string specifier, TimeSpan linkTime, TimeSpan countTime)
{
    private const int Batch = 32;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly Redaction _redaction = Redaction.OfThisProcess();
    private readonly List<PartErrorJson> _errors = [];

    private readonly List<string> _leftOut =
    [
        "MAC addresses: in registers, in the EEPROM and in texts",
        "all words of the EEPROM, as some are MAC addresses and serial numbers",
        "serial numbers: of the card in its configuration space and its vital product data, of the machine",
        "what vendor-specific extended capabilities contain",
        "IP addresses, host name, user names and UUIDs",
        "contents of packets",
        "kernel messages, as addresses are in them; 'sudo dmesg | grep -i -e ixgbe -e vfio -e iommu' shows them",
    ];

    /// <exception cref="PciDeviceException">There is no such card.</exception>
    internal InvestigationJson Run()
    {
        var machine = SystemFacts.Machine(_redaction, _leftOut);
        var doctor = AskDoctor();
        using var stop = new StopRequest();
        PciDevice function;
        try
        {
            function = NetworkDevice.OpenPci(specifier);
        }
        catch (PciDeviceException error) when (error is not (DeviceSpecifierException or DeviceNotFoundException))
        {
            return Report(machine, doctor, WithoutOpening(), Failed(error, TimeSpan.Zero, null), null, null);
        }
        return Report(machine, doctor, function, stop);
    }

    private InvestigationJson Report(SystemJson machine, DoctorJson doctor, PciDevice function, StopRequest stop)
    {
        var facts = Ask("device", () => Describe(function)) ?? WithoutOpening();
        var names = Ask("setUp.trace: names of registers", () => new RegisterNames(function)) ?? new();
        var log = new AccessLog(names, function.Clock);
        long start = Stopwatch.GetTimestamp();
        NetworkDevice device;
        try
        {
            // It owns the function, even if it fails.
            device = NetworkDevice.Open(new TracedPciDevice(function, log.Add), new NetworkDeviceOptions());
        }
        catch (PciDeviceException error)
        {
            var failed = Failed(error, Stopwatch.GetElapsedTime(start), log);
            return Report(machine, doctor, facts, failed, null, null);
        }
        var time = Stopwatch.GetElapsedTime(start);
        try
        {
            var link = Ask("link", () => WaitForLink(device, stop));
            bool? hasAddress = Ask<bool?>("setUp.hasMacAddress", () => device.MacAddress.IsUnicast);
            string? eepromError = Ask("setUp.eepromError", () => CheckEeprom(device));
            var setUp = new SetUpJson(
                true, null, time.TotalSeconds, log.Count, log.End(), log.LeftOut, hasAddress, eepromError);
            return Report(machine, doctor, facts, setUp, link, Count(device, function, stop));
        }
        finally
        {
            // What goes wrong here is still added to the report's errors.
            Ask<bool?>("stop", () =>
            {
                device.Dispose();
                return true;
            });
        }
    }

    // What the card does not tell is named in the report, which has the rest.
    private T? Ask<T>(string part, Func<T> question)
    {
        try
        {
            return question();
        }
        catch (PciDeviceException error)
        {
            _errors.Add(new(part, _redaction.Of(Program.Describe(error))));
            return default;
        }
    }

    private InvestigationJson Report(
        SystemJson machine, DoctorJson doctor, DeviceFactsJson facts, SetUpJson setUp, LinkJson? link,
        TrafficJson? traffic) => new(
        "report", DateTime.UtcNow, SystemFacts.Program(), machine, doctor, facts, setUp, link, traffic, _errors,
        _leftOut);

    private SetUpJson Failed(PciDeviceException error, TimeSpan time, AccessLog? log)
    {
        var lines = log?.End() ?? [];
        string why = _redaction.Of(Program.Describe(error));
        return new(false, why, time.TotalSeconds, log?.Count ?? 0, lines, log?.LeftOut ?? 0);
    }

    // The machine, and the one card. This does not open it: that comes later.
    private DoctorJson AskDoctor()
    {
        PciAddress? address = PciAddress.TryParse(specifier, out var parsed) ? parsed : null;
        var report = Doctor.Examine(address, new()
        {
            FindDriver = NetworkDevice.FindDriver,
            DmaBytes = DoctorCommand.DmaBytes,
        });
        if (address is null) report = report with { Cards = [] };
        var json = DoctorCommand.ToJson(report, address);
        return json with
        {
            Findings = [.. json.Findings.Select(Redact)],
            Devices = [.. json.Devices.Select(card => card with { Findings = [.. card.Findings.Select(Redact)] })],
            Warnings = [.. json.Warnings.Select(_redaction.Of)],
        };
    }

    private FindingJson Redact(FindingJson finding) =>
        finding with { Text = _redaction.Of(finding.Text), Cure = _redaction.OfOptional(finding.Cure) };

    private DeviceFactsJson Describe(PciDevice function)
    {
        var config = new ConfigDump(
            offset => function.ReadConfig(offset, sizeof(uint)), function.VendorId == RegisterNames.VendorVirtio);
        string transport = function switch
        {
            VfioPciDevice => "vfio",
            SysfsPciDevice => "sysfs",
            VfioUserPciDevice => "vfio-user",
            _ => "simulated",
        };
        var vectors = new Dictionary<string, int>();
        foreach (var kind in Enum.GetValues<InterruptKind>())
        {
            try
            {
                vectors[$"{kind}".ToLowerInvariant()] = function.CountInterruptVectors(kind);
            }
            catch (InterruptsNotSupportedException)
            {
                // A transport without interrupts.
            }
        }
        return Describe(config, transport, function.HasIommu, function.NumaNode, vectors);
    }

    // What the kernel shows of a card that could not be opened.
    private DeviceFactsJson WithoutOpening()
    {
        byte[] bytes = [];
        if (PciAddress.TryParse(specifier, out var address))
        {
            try
            {
                bytes = File.ReadAllBytes($"/sys/bus/pci/devices/{address}/config");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Then there is nothing to show.
            }
        }
        uint Read(int offset) => offset + 4 <= bytes.Length ? BitConverter.ToUInt32(bytes, offset)
            : throw new PciDeviceException("here it ends");
        bool isVirtio = bytes.Length >= 2 && BitConverter.ToUInt16(bytes) == RegisterNames.VendorVirtio;
        return Describe(new ConfigDump(Read, isVirtio), null, null, null, new Dictionary<string, int>());
    }

    private DeviceFactsJson Describe(
        ConfigDump config, string? transport, bool? hasIommu, int? node, IReadOnlyDictionary<string, int> vectors)
    {
        uint? vendor = config.Get(PciConfig.VendorId, 2), device = config.Get(PciConfig.DeviceId, 2);
        string? driver = device is null ? null : NetworkDevice.FindDriver((ushort)vendor!, (ushort)device);
        // lspci expects an address first, and simulated cards have none.
        string place = PciAddress.TryParse(specifier, out var address) ? $"{address}" : "00:00.0";
        return new(
            _redaction.Of(specifier), driver, transport, hasIommu, node, Hex(vendor, 4), Hex(device, 4),
            Hex(config.Get(PciConfig.SubsystemVendorId, 2), 4), Hex(config.Get(PciConfig.SubsystemId, 2), 4),
            Hex(config.Get(PciConfig.RevisionId, 1), 2), Hex(config.Get(PciConfig.RevisionId, 4) >> 8, 6), vectors,
            config.Capabilities, config.Length == 0 ? [] : config.Lines($"{place} Ethernet controller"));
    }

    private static string? Hex(uint? value, int digits) => value?.ToString($"x{digits}");

    private LinkJson WaitForLink(NetworkDevice device, StopRequest stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (!device.WaitForLink(s_pause) && Stopwatch.GetElapsedTime(start) < linkTime && !stop.IsRequested)
        {
        }
        var link = device.Link;
        return new(link.IsUp, link.SpeedMbps, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private string? CheckEeprom(NetworkDevice device)
    {
        try
        {
            (device as IxgbeDevice)?.VerifyEeprom();
            return null;
        }
        catch (FeatureNotOfferedException)
        {
            // It has none.
            return null;
        }
        catch (DeviceProtocolException error)
        {
            // The checksum is wrong.
            return _redaction.Of(Program.Describe(error));
        }
    }

    private TrafficJson Count(NetworkDevice device, PciDevice function, StopRequest stop)
    {
        (function as SimulatedPciDevice)?.Wire.StartSending();
        long start = Stopwatch.GetTimestamp();
        DeviceStatistics? statistics = null;
        string? error = null;
        try
        {
            Drain(device, start, stop);
            statistics = device.ReadStatistics();
            device.CheckHealth();
        }
        catch (PciDeviceException fault)
        {
            error = _redaction.Of(Program.Describe(fault));
        }
        return new(Stopwatch.GetElapsedTime(start).TotalSeconds, statistics, device.Faults, error);
    }

    private void Drain(NetworkDevice device, long start, StopRequest stop)
    {
        Span<Packet> batch = stackalloc Packet[Batch];
        while (Stopwatch.GetElapsedTime(start) < countTime && !stop.IsRequested)
            PacketPool.Free(batch[..device.Receive(batch)]);
    }
}
