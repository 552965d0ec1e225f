namespace Ixy.Simulation.Captures;

/// <summary>A capture file is no capture file, damaged, or of a kind that is not supported; the message says where and how.</summary>
public sealed class CaptureFormatException(string message) : FormatException(message);
