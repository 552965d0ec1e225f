namespace Ixy;

/// <summary>What a device can be asked for.</summary>
/// <param name="Offloads">Those that were switched on.</param>
/// <param name="LongestFrame">Bytes of the longest frame, a VLAN tag not counted.</param>
/// <param name="LongestIpHeader">Bytes of the longest IP header, extensions included, behind which the device makes
/// checksums.</param>
internal readonly record struct TransmitLimits(Offloads Offloads, int LongestFrame, int LongestIpHeader = int.MaxValue);
