using System.Text.Json.Serialization;
using Ixy.Cli.Output;

namespace Ixy.Cli.Reporting;

/// <summary>What <c>ixy report</c> writes; docs/schemas/report.json describes it.</summary>
/// <param name="Command">report.</param>
/// <param name="Date">When, in UTC.</param>
/// <param name="Program">Which ixy.</param>
/// <param name="System">On which machine.</param>
/// <param name="Doctor">What <c>ixy doctor --json</c> says.</param>
/// <param name="Device">The card before its driver started.</param>
/// <param name="SetUp">The start of its driver.</param>
/// <param name="Link">Null if the driver did not start, or the card did not tell.</param>
/// <param name="Traffic">Null if the driver did not start.</param>
/// <param name="Errors">What could not be had of a card that was open.</param>
/// <param name="LeftOut">What is not in the report, a sentence each.</param>
internal sealed record InvestigationJson(
    string Command, DateTime Date, ProgramJson Program, SystemJson System, DoctorJson Doctor, DeviceFactsJson Device,
    SetUpJson SetUp, LinkJson? Link, TrafficJson? Traffic, IReadOnlyList<PartErrorJson> Errors,
    IReadOnlyList<string> LeftOut);

/// <summary>A part of the report that the card did not give.</summary>
/// <param name="Part">The member it would be in; <c>stop</c>: the end of the driver.</param>
/// <param name="Error">Why.</param>
internal sealed record PartErrorJson(string Part, string Error);

/// <summary>Which ixy.</summary>
/// <param name="Version">As <c>ixy --version</c>.</param>
/// <param name="Runtime">As in <c>.NET 10.0.0</c>.</param>
/// <param name="IsNative">It is a native program.</param>
/// <param name="Architecture">As in <c>X64</c>.</param>
internal sealed record ProgramJson(string Version, string Runtime, bool IsNative, string Architecture);

/// <summary>A machine. Values the kernel does not reveal are null.</summary>
/// <param name="Kernel">Its release.</param>
/// <param name="KernelArguments">Those that concern cards, memory and cores.</param>
/// <param name="Distribution">Its name and version.</param>
/// <param name="Processor">Its model.</param>
/// <param name="Machine">Manufacturer and product.</param>
/// <param name="Board">Manufacturer and product of the mainboard.</param>
/// <param name="Firmware">Its version and date.</param>
internal sealed record SystemJson(
    string? Kernel, IReadOnlyList<string> KernelArguments, string? Distribution, string? Processor, string? Machine,
    string? Board, string? Firmware);

/// <summary>A card before its driver started. Values that could not be read are null, or empty.</summary>
/// <param name="Specifier">How it was named.</param>
/// <param name="Driver">ixy's driver for it.</param>
/// <param name="Transport">How it was accessed: vfio, sysfs, vfio-user or simulated; null if it was not.</param>
/// <param name="HasIommu">There is an IOMMU between it and memory.</param>
/// <param name="NumaNode">The nearest memory node.</param>
/// <param name="VendorId">Four hexadecimal digits, like the next three.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="SubsystemVendorId">Who made the card.</param>
/// <param name="SubsystemId">That maker's number for it.</param>
/// <param name="Revision">Two hexadecimal digits.</param>
/// <param name="ClassCode">Six hexadecimal digits.</param>
/// <param name="InterruptVectors">How many it has of each kind.</param>
/// <param name="Capabilities">In the order of the lists.</param>
/// <param name="Configuration">Its configuration space in the format of <c>lspci -xxxx</c>.</param>
internal sealed record DeviceFactsJson(
    string Specifier, string? Driver, string? Transport, bool? HasIommu, int? NumaNode, string? VendorId,
    string? DeviceId, string? SubsystemVendorId, string? SubsystemId, string? Revision, string? ClassCode,
    IReadOnlyDictionary<string, int> InterruptVectors, IReadOnlyList<CapabilityJson> Capabilities,
    IReadOnlyList<string> Configuration);

/// <summary>A capability in configuration space.</summary>
/// <param name="Offset">Where it is.</param>
/// <param name="IsExtended">It is in PCI Express's second list.</param>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its name in the specification; null if it is not known here.</param>
internal sealed record CapabilityJson(int Offset, bool IsExtended, int Id, string? Name);

/// <summary>The start of the driver.</summary>
/// <param name="Succeeded">It started.</param>
/// <param name="Error">Why it did not.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Accesses">How many times it accessed registers and configuration space, including the wait for the
/// link.</param>
/// <param name="Trace">These accesses, one line for each, or for several similar ones.</param>
/// <param name="TraceLeftOut">Accesses that did not fit there.</param>
/// <param name="HasMacAddress">The card has a valid MAC address; null if it was not asked.</param>
/// <param name="EepromError">What is wrong with its EEPROM; null: nothing, or it could not be checked.</param>
internal sealed record SetUpJson(
    bool Succeeded, string? Error, double Seconds, long Accesses, IReadOnlyList<string> Trace, long TraceLeftOut,
    bool? HasMacAddress = null, string? EepromError = null);

/// <summary>The link.</summary>
/// <param name="IsUp">It is there.</param>
/// <param name="SpeedMbps">Its speed; 0 if it is not known.</param>
/// <param name="Seconds">How long the report waited for it.</param>
internal sealed record LinkJson(bool IsUp, int SpeedMbps, double Seconds);

/// <summary>What the card counted. Nothing was sent.</summary>
/// <param name="Seconds">For how long.</param>
/// <param name="Statistics">The counters; null if they could not be read.</param>
/// <param name="Faults">What went wrong.</param>
/// <param name="Error">What ended it early; null: nothing.</param>
internal sealed record TrafficJson(
    double Seconds, DeviceStatistics? Statistics, DeviceFaults Faults, string? Error);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(InvestigationJson))]
internal sealed partial class InvestigationJsonContext : JsonSerializerContext;
