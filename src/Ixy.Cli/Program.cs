using System.CommandLine;
using System.Text.RegularExpressions;
using Ixy.Captures;
using Ixy.Cli.Output;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// The <c>ixy</c> command. Exit codes: 0 done, 1 it could not be done, 2 the command line is invalid.
/// </summary>
internal static partial class Program
{
    private static int Main(string[] arguments)
    {
        IxyCommand.Name = CommandName.OfThisProcess();
        // What is sent before the loop runs would be lost: see DeviceGroup.StartSending.
        NetworkDevice.RegisterTransport("sim", specifier => SimulatedCards.Open(specifier, waitsToSend: true));
        IxyMetrics.Register();
        return Run(arguments);
    }

    /// <summary>Runs a command line; a command may run another one inside.</summary>
    internal static int Run(string[] arguments)
    {
        var root = Commands.Root();
        // An @ is an ordinary character, for example of a socket's name, and does not mean a file of arguments.
        var parsed = root.Parse(
            arguments.Length == 0 ? ["--help"] : arguments, new() { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            var command = parsed.CommandResult.Command;
            string error = parsed.UnmatchedTokens.Count > 0 ? $"unknown: '{parsed.UnmatchedTokens[0]}'"
                : parsed.Errors[0].Message.TrimEnd('.');
            string help = command == root ? IxyCommand.Name : $"{IxyCommand.Name} {command.Name}";
            return Fail($"{error} (see {help} --help)", exitCode: 2);
        }
        try
        {
            if (Console.IsOutputRedirected) Console.SetOut(new StreamWriter(new StandardOutput()) { AutoFlush = true });
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (IOException error) when (StandardOutput.ReaderHasGone(error))
        {
            // As with 'ixy list | head -1': the reader has seen enough.
            return 0;
        }
        catch (Exception error) when (IsExpected(error))
        {
            return Fail(Describe(error), exitCode: 1);
        }
    }

    /// <summary>The message without what the base class library adds for programmers, on one line.</summary>
    internal static string Describe(Exception error)
    {
        string message = error.Message;
        if (error is ArgumentException { ParamName: { } name })
            message = message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal);
        return NameDirectories(message).ReplaceLineEndings(" ");
    }

    // For a directory the base class library says that access is denied, even to root.
    private static string NameDirectories(string message) => DeniedPath().Replace(message, found =>
        Directory.Exists(found.Groups[1].Value) ? $"{found.Groups[1].Value} is a directory: expected a file"
        : found.Value);

    [GeneratedRegex(@"Access to the path '(.+?)' is denied\.")]
    private static partial Regex DeniedPath();

    // Errors a user can cause, which the message therefore explains. Anything else is a bug and shows its stack.
    private static bool IsExpected(Exception error) =>
        error is PciDeviceException or ArgumentException or PacketMisuseException or IOException
        or UnauthorizedAccessException or CaptureFormatException;

    /// <summary>Prints the line that says why it cannot continue; returns the exit code.</summary>
    internal static int Fail(string message, int exitCode)
    {
        try
        {
            Console.Error.WriteLine($"ixy: {message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed or full: only the exit code is left to report it.
        }
        return exitCode;
    }
}
