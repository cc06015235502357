export declare const packageDirectory: string;
